{{/* What a schema cannot say; each message tells what to set. */}}
{{- define "chassis.validate" -}}
{{- $global := .Values.global | default dict -}}
{{- if and (include "chassis.usesDatabase" .) (not .Values.database.secret.name) (not (dig "postgresql" "enabled" false $global)) -}}
{{- fail (printf "%s: set database.secret.name to a Secret whose key '%s' holds a postgresql:// URL" .Chart.Name .Values.database.secret.key) -}}
{{- end -}}
{{- if and (include "chassis.usesNats" .) (not (dig "nats" "enabled" false $global)) -}}
{{- if not .Values.nats.secret.name -}}
{{- fail (printf "%s: set nats.secret.name to a Secret whose key '%s' holds a nats:// URL" .Chart.Name .Values.nats.secret.key) -}}
{{- end -}}
{{- if and .Values.provisioning.enabled (include "chassis.isProvisioned" .) (not .Values.provisioning.secret.name) -}}
{{- fail (printf "%s: set provisioning.secret.name to a Secret whose key '%s' holds a nats:// URL of a user that may make streams, or provisioning.enabled to false" .Chart.Name .Values.provisioning.secret.key) -}}
{{- end -}}
{{- end -}}
{{- if and (include "chassis.hasRelay" .) (not (include "chassis.usesDatabase" .)) -}}
{{- fail (printf "%s: a service that publishes has an outbox: leave database.enabled true" .Chart.Name) -}}
{{- end -}}
{{- if .Values.admin.enabled -}}
{{- if not (and (include "chassis.usesDatabase" .) (include "chassis.usesNats" .)) -}}
{{- fail (printf "%s: it has no sagas and no messages to operate: leave admin.enabled false" .Chart.Name) -}}
{{- end -}}
{{- if not .Values.admin.secret.name -}}
{{- fail (printf "%s: set admin.secret.name to a Secret whose key '%s' holds the operators' token, such as from `openssl rand -hex 32`" .Chart.Name .Values.admin.secret.key) -}}
{{- end -}}
{{- if has (int .Values.admin.port) (list (int .Values.http.port) (int .Values.relay.port) (int .Values.relay.pokePort)) -}}
{{- fail (printf "%s: set admin.port to one that the pod does not use already" .Chart.Name) -}}
{{- end -}}
{{- end -}}
{{- if .Values.tokens.enabled -}}
{{- if not (include "chassis.usesDevelopmentKey" .) -}}
{{- if not .Values.tokens.issuer -}}
{{- fail (printf "%s: set tokens.issuer to the `iss` of the tokens that count" .Chart.Name) -}}
{{- end -}}
{{- else if not (dig "developmentKey" "enabled" false $global) -}}
{{- fail (printf "%s: set tokens.jwksUrl, tokens.jwks.configMap or tokens.jwks.secret to the public keys of your issuer" .Chart.Name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.paths) -}}
{{- fail (printf "%s: set ingress.paths to what is for the outside" .Chart.Name) -}}
{{- end -}}
{{- if eq (include "chassis.version" .) "latest" -}}
{{- fail (printf "%s: set image.tag or global.imageTag to a version; 'latest' names another image every day" .Chart.Name) -}}
{{- end -}}
{{- end -}}
