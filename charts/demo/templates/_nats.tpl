{{/*
Users and permissions, as chassis.messaging.permissions states them and with its reasons: whoever may
create a consumer can read every stream, so nobody but the provisioner may.
*/}}
{{- define "demo.natsUsers" -}}
{{- range $name := (include "demo.servicesWith" (dict "root" . "part" "chassis.usesNats") | fromJson).names }}
{{- $messaging := (get $.Subcharts $name).Values.messaging }}
{{- $reads := list }}
{{- range $consumer := $messaging.consumers }}
{{- range .durables }}
{{- $place := printf "%s.%s" $consumer.stream . }}
{{- $reads = concat $reads (list (printf "$JS.API.CONSUMER.INFO.%s" $place) (printf "$JS.API.CONSUMER.MSG.NEXT.%s" $place) (printf "$JS.ACK.%s.>" $place) (printf "$JS.ACK.*.*.%s.>" $place)) }}
{{- end }}
{{- end }}
{{- $listens := list }}
{{- range $messaging.reads }}
{{- $reads = concat $reads (list (printf "$JS.API.DIRECT.GET.%s" .stream) (printf "$JS.API.STREAM.INFO.%s" .stream)) }}
{{- $listens = append $listens .subjects }}
{{- end }}
{{ include "demo.natsUser" (dict "name" $name "publish" $reads "listens" $listens) }}
{{- with $messaging.publishes }}
{{ include "demo.natsUser" (dict "name" (printf "%s-relay" $name) "publish" (append . "$JS.API.STREAM.NAMES")) }}
{{- end }}
{{- end }}
{{ include "demo.natsUser" (dict "name" "provisioner" "publish" (list "$JS.API.STREAM.CREATE.*" "$JS.API.STREAM.UPDATE.*" "$JS.API.STREAM.INFO.*" "$JS.API.CONSUMER.CREATE.*.*" "$JS.API.CONSUMER.INFO.*.*")) }}
{{- if .Values.nats.observer.enabled }}
{{ include "demo.natsUser" (dict "name" "observer" "publish" (list "$JS.API.STREAM.LIST" "$JS.API.STREAM.NAMES" "$JS.API.STREAM.INFO.*" "$JS.API.STREAM.MSG.GET.*" "$JS.API.CONSUMER.LIST.*" "$JS.API.CONSUMER.INFO.*.*") "listens" (list "*.events.>" "*.commands.>" "*.replies.>")) }}
{{- end }}
{{- end -}}

{{/* An empty list of subjects would allow all of them. */}}
{{- define "demo.natsUser" -}}
{user: {{ .name }}, password: ${{ include "demo.natsVariable" .name }}, permissions: {
  publish: {{ include "demo.natsSubjects" .publish }}
  subscribe: {{ include "demo.natsSubjects" (concat (list (printf "_INBOX_%s.>" .name)) (.listens | default list)) }}
}}
{{- end -}}

{{- define "demo.natsSubjects" -}}
{{- if . -}}
{allow: [
  {{- range . }}
    {{ quote . }}
  {{- end }}
  ]}
{{- else -}}
{deny: [">"]}
{{- end -}}
{{- end -}}

{{/* The name that a user's password has in NATS's configuration. */}}
{{- define "demo.natsVariable" -}}
{{- . | replace "-" "_" -}}
{{- end -}}

{{- define "demo.natsConf" -}}
include passwords.conf

server_name: {{ .Release.Name }}-nats
listen: "0.0.0.0:4222"
http: "0.0.0.0:8222"
jetstream {
  store_dir: /data
  max_memory_store: 0
  max_file_store: {{ .Values.nats.storage.maxFileStore }}
  sync_interval: {{ .Values.nats.syncInterval | eq "always" | ternary "always" (quote .Values.nats.syncInterval) }}
}
accounts {
  APP {
    jetstream: enabled
    users: [
      {{- include "demo.natsUsers" . | trim | nindent 6 }}
    ]
  }
  SYS {}
}
system_account: SYS
{{- end -}}
