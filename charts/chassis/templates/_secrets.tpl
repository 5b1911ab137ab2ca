{{/*
Secrets that hold a URL, each as {name, key}. A blank name is the umbrella's, which generates it
for a server of its own.
*/}}
{{- define "chassis.databaseSecret" -}}
name: {{ .Values.database.secret.name | default (printf "%s-%s-database" .Release.Name .Chart.Name) | quote }}
key: {{ .Values.database.secret.key | quote }}
{{- end -}}

{{- define "chassis.relayDatabaseSecret" -}}
name: {{ .Values.database.relaySecret.name | default (include "chassis.databaseSecret" . | fromYaml).name | quote }}
key: {{ .Values.database.relaySecret.key | quote }}
{{- end -}}

{{- define "chassis.natsSecret" -}}
name: {{ .Values.nats.secret.name | default (printf "%s-%s-nats" .Release.Name .Chart.Name) | quote }}
key: {{ .Values.nats.secret.key | quote }}
{{- end -}}

{{- define "chassis.relayNatsSecret" -}}
name: {{ .Values.nats.relaySecret.name | default (include "chassis.natsSecret" . | fromYaml).name | quote }}
key: {{ .Values.nats.relaySecret.key | quote }}
{{- end -}}

{{- define "chassis.provisionerSecret" -}}
name: {{ .Values.provisioning.secret.name | default (printf "%s-nats-provisioner" .Release.Name) | quote }}
key: {{ .Values.provisioning.secret.key | quote }}
{{- end -}}

{{/*
A volume of URL files, which `<NAME>_FILE` variables point at:
dict "name" "credentials" "urls" (dict "database" "name: …\nkey: …")
*/}}
{{- define "chassis.urlVolume" -}}
- name: {{ .name }}
  projected:
    defaultMode: 0440
    sources:
      {{- range $file, $secret := .urls }}
      {{- $secret = fromYaml $secret }}
      - secret:
          name: {{ $secret.name | quote }}
          items: [{key: {{ $secret.key | quote }}, path: {{ $file }}-url}]
      {{- end }}
{{- end -}}

{{- define "chassis.databaseUrlFile" -}}
- {name: DATABASE_URL_FILE, value: /etc/secrets/database-url}
{{- end -}}

{{- define "chassis.natsUrlFile" -}}
- {name: NATS_URL_FILE, value: /etc/secrets/nats-url}
{{- end -}}
