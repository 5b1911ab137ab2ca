{{/*
Network policies of a service: nothing in and out, and then one policy for each edge. The edges to
NATS follow from `messaging:`; the servers of the umbrella have the other end of each edge.
*/}}
{{- define "chassis.networkPolicies" -}}
{{- $global := .Values.global | default dict -}}
{{- $everything := list "service" "migrate" "provision" -}}
{{ include "chassis.denyAll" . }}
---
{{ include "chassis.egress" (dict "root" . "to" "dns" "components" $everything "peers" (include "chassis.dnsPeers" .) "port" 53 "udp" true) }}
{{- if include "chassis.usesDatabase" . }}
---
{{ include "chassis.egress" (dict "root" . "to" "postgresql" "components" (list "service" "migrate") "peers" (include "chassis.serverPeers" (dict "root" . "name" "postgresql")) "port" (dig "postgresql" "port" 5432 $global)) }}
{{- end }}
{{- if include "chassis.usesNats" . }}
---
{{ include "chassis.egress" (dict "root" . "to" "nats" "components" (list "service" "provision") "peers" (include "chassis.serverPeers" (dict "root" . "name" "nats")) "port" (dig "nats" "port" 4222 $global)) }}
{{- end }}
{{- with include "chassis.otlpEndpoint" . }}
---
{{ include "chassis.egress" (dict "root" $ "to" "otlp" "components" (list "service") "peers" (include "chassis.otlpPeers" $) "port" (include "chassis.urlPort" .)) }}
{{- end }}
{{- range $called, $on := .Values.http.calls }}
{{- if $on }}
---
{{ include "chassis.egress" (dict "root" $ "to" $called "components" (list "service") "peers" (include "chassis.callerPeers" (dict "root" $ "name" $called)) "port" 8080) }}
{{- end }}
{{- end }}
{{- if and .Values.tokens.enabled .Values.tokens.jwksUrl }}
---
{{ include "chassis.egress" (dict "root" . "to" "jwks" "components" (list "service") "peers" (include "chassis.peers" .Values.tokens.peers | trim) "port" (include "chassis.jwksPort" .)) }}
{{- end }}
{{- range $caller, $on := .Values.http.callers }}
{{- if $on }}
---
{{ include "chassis.ingress" (dict "root" $ "from" $caller "peers" (include "chassis.callerPeers" (dict "root" $ "name" $caller)) "ports" (list "http")) }}
{{- end }}
{{- end }}
{{- with .Values.http.peers }}
---
{{ include "chassis.ingress" (dict "root" $ "from" "outside" "peers" (include "chassis.peers" .) "ports" (list "http")) }}
{{- end }}
{{- if and .Values.admin.enabled .Values.admin.peers }}
---
{{ include "chassis.ingress" (dict "root" $ "from" "operators" "peers" (include "chassis.peers" .Values.admin.peers) "ports" (list "admin")) }}
{{- end }}
{{- with dig "monitoring" "peers" dict $global }}
---
{{ include "chassis.ingress" (dict "root" $ "from" "monitoring" "peers" (include "chassis.peers" .) "ports" (include "chassis.hasRelay" $ | eq "yes" | ternary (list "http" "metrics") (list "http"))) }}
{{- end }}
{{- end -}}

{{- define "chassis.denyAll" -}}
{{ include "chassis.policyHead" (dict "root" . "suffix" "deny-all") }}
spec:
  podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ .Chart.Name }}
      app.kubernetes.io/instance: {{ .Release.Name }}
  policyTypes: [Ingress, Egress]
{{- end -}}

{{- define "chassis.policyHead" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "chassis.fullname" .root }}-{{ .suffix }}
  labels: {{- include "chassis.labels" .root | nindent 4 }}
{{- end -}}

{{- define "chassis.egress" -}}
{{ include "chassis.policyHead" (dict "root" .root "suffix" (printf "to-%s" .to)) }}
spec:
  podSelector: {{- include "chassis.podsOf" (dict "root" .root "name" .root.Chart.Name "components" .components) | nindent 4 }}
  policyTypes: [Egress]
  egress:
    - ports:
        - {protocol: TCP, port: {{ .port }}}
        {{- if .udp }}
        - {protocol: UDP, port: {{ .port }}}
        {{- end }}
      {{- with .peers }}
      to: {{- . | nindent 8 }}
      {{- end }}
{{- end -}}

{{- define "chassis.ingress" -}}
{{ include "chassis.policyHead" (dict "root" .root "suffix" (printf "from-%s" .from)) }}
spec:
  podSelector: {{- include "chassis.podsOf" (dict "root" .root "name" .root.Chart.Name "components" (list "service")) | nindent 4 }}
  policyTypes: [Ingress]
  ingress:
    - from: {{- .peers | nindent 8 }}
      ports:
        {{- range .ports }}
        - {protocol: TCP, port: {{ . }}}
        {{- end }}
{{- end -}}

{{/* A selector of this release's pods: dict "root" $ "name" "order-service" "components" (list …) */}}
{{- define "chassis.podsOf" -}}
matchLabels:
  app.kubernetes.io/name: {{ .name }}
  app.kubernetes.io/instance: {{ .root.Release.Name }}
matchExpressions:
  - {key: app.kubernetes.io/component, operator: In, values: [{{ join ", " .components }}]}
{{- end -}}

{{/* A map of NetworkPolicy peers as the list that a policy takes. */}}
{{- define "chassis.peers" -}}
{{- range $name, $peer := . }}
- {{ toJson $peer }}
{{- end }}
{{- end -}}

{{/* Peers of a server: the umbrella's own, or those named, or any address. */}}
{{- define "chassis.serverPeers" -}}
{{- $server := dig .name dict (.root.Values.global | default dict) -}}
{{- if $server.enabled -}}
- podSelector:
    matchLabels:
      app.kubernetes.io/name: {{ .name }}
      app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- else if $server.peers -}}
{{- include "chassis.peers" $server.peers -}}
{{- end -}}
{{- end -}}

{{- define "chassis.otlpPeers" -}}
{{- $global := .Values.global | default dict -}}
{{- if dig "jaeger" "enabled" false $global -}}
{{- include "chassis.serverPeers" (dict "root" . "name" "jaeger") -}}
{{- else -}}
{{- with dig "otel" "peers" dict $global -}}
{{- include "chassis.peers" . -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "chassis.dnsPeers" -}}
- namespaceSelector:
    matchLabels: {kubernetes.io/metadata.name: kube-system}
{{- end -}}

{{- define "chassis.callerPeers" -}}
- podSelector:
    matchLabels: {{- include "chassis.selectorLabelsOf" (dict "root" .root "name" .name "component" "service") | nindent 6 }}
{{- end -}}

{{/* The port of an OTLP URL, which is 4318 where the URL names none. */}}
{{- define "chassis.urlPort" -}}
{{- $port := regexFind ":[0-9]+$" (urlParse .).host -}}
{{- $port | trimPrefix ":" | default "4318" -}}
{{- end -}}

{{- define "chassis.jwksPort" -}}
{{- $url := urlParse .Values.tokens.jwksUrl -}}
{{- regexFind ":[0-9]+$" $url.host | trimPrefix ":" | default (eq $url.scheme "http" | ternary "80" "443") -}}
{{- end -}}
