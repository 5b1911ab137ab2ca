{{/* Variables of the service and its relay alike. */}}
{{- define "chassis.commonEnv" -}}
- {name: SERVICE_NAME, value: {{ .Chart.Name }}}
{{- if include "chassis.usesDatabase" . }}
{{ include "chassis.databaseUrlFile" . }}
{{- end }}
{{- if include "chassis.usesNats" . }}
{{ include "chassis.natsUrlFile" . }}
{{- end }}
- {name: HTTP_HOST, value: 0.0.0.0}
{{- if include "chassis.hasRelay" . }}
- {name: RELAY_POKE_PORT, value: {{ .Values.relay.pokePort | quote }}}
{{- end }}
- {name: LOG_LEVEL, value: {{ .Values.logLevel }}}
{{- range $service, $on := .Values.http.calls }}
{{- if $on }}
- {name: {{ $service | upper | replace "-" "_" }}_URL, value: "http://{{ $.Release.Name }}-{{ $service }}:8080"}
{{- end }}
{{- end }}
{{- with include "chassis.tokenEnv" . }}
{{ . }}
{{- end }}
{{- with include "chassis.tracingEnv" . }}
{{ . }}
{{- end }}
{{- range $name, $value := .Values.extraEnv }}
- {name: {{ $name }}, value: {{ $value | quote }}}
{{- end }}
{{- end -}}

{{/* Where spans go: the umbrella's Jaeger, another collector, or nowhere. */}}
{{- define "chassis.otlpEndpoint" -}}
{{- $global := .Values.global | default dict -}}
{{- if dig "jaeger" "enabled" false $global -}}
{{- printf "http://%s-jaeger:4318" .Release.Name -}}
{{- else -}}
{{- dig "otel" "endpoint" "" $global -}}
{{- end -}}
{{- end -}}

{{- define "chassis.tracingEnv" -}}
{{- $otel := dig "otel" dict (.Values.global | default dict) -}}
{{- with include "chassis.otlpEndpoint" . -}}
- {name: OTEL_EXPORTER_OTLP_ENDPOINT, value: {{ . | quote }}}
- {name: OTEL_EXPORTER_OTLP_PROTOCOL, value: http/protobuf}
{{- with $otel.sampler }}
- {name: OTEL_TRACES_SAMPLER, value: {{ . }}}
{{- end }}
{{- with $otel.samplerArgument }}
- {name: OTEL_TRACES_SAMPLER_ARG, value: {{ . | quote }}}
{{- end }}
- name: POD_NAME
  valueFrom: {fieldRef: {fieldPath: metadata.name}}
- name: POD_NAMESPACE
  valueFrom: {fieldRef: {fieldPath: metadata.namespace}}
- {name: OTEL_RESOURCE_ATTRIBUTES, value: "k8s.namespace.name=$(POD_NAMESPACE),k8s.pod.name=$(POD_NAME),service.version={{ include "chassis.version" $ }}"}
{{- end -}}
{{- end -}}

{{/* Image and rights of any container that runs the service's image. */}}
{{- define "chassis.imageAndRights" -}}
image: {{ include "chassis.serviceImage" . }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{ include "chassis.containerSecurity" . }}
{{- end -}}

{{- define "chassis.tmpVolume" -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
{{- end -}}

{{/* Mounts of a container: the folder of its URLs, if any, and /tmp, the one place where it may write. */}}
{{- define "chassis.mounts" -}}
{{ with .volume -}}
- {name: {{ . }}, mountPath: /etc/secrets, readOnly: true}
{{ end -}}
- {name: tmp, mountPath: /tmp}
{{- end -}}

{{- define "chassis.placement" -}}
{{- with .Values.nodeSelector -}}
nodeSelector: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations: {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity: {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
