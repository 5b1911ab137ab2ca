{{/*
Plain Jobs, not hooks: a hook would wait for a database that comes with the same release. A Job
cannot be changed, so its name holds a hash of its pod: what is new runs, what is not stays.
*/}}
{{- define "chassis.job" -}}
{{- $labels := dict "root" .root "name" .root.Chart.Name "component" .component "version" (include "chassis.version" .root) -}}
{{- $template := include "chassis.jobTemplate" . -}}
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ include "chassis.fullname" .root }}-{{ .component }}-{{ $template | sha256sum | trunc 8 }}
  labels: {{- include "chassis.labelsOf" $labels | nindent 4 }}
  {{- with .settings.annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
spec:
  backoffLimit: {{ .settings.backoffLimit }}
  ttlSecondsAfterFinished: {{ .settings.ttlSecondsAfterFinished }}
  template: {{- $template | nindent 4 }}
{{- end -}}

{{- define "chassis.jobTemplate" -}}
metadata:
  labels: {{- include "chassis.podLabelsOf" (dict "root" .root "name" .root.Chart.Name "component" .component) | nindent 4 }}
spec:
  restartPolicy: Never
  serviceAccountName: {{ include "chassis.serviceAccountName" .root }}
  {{- include "chassis.podSecurity" (dict "user" (include "chassis.user" .root)) | nindent 2 }}
  {{- with include "chassis.imagePullSecrets" .root }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with include "chassis.placement" .root }}
  {{- . | nindent 2 }}
  {{- end }}
  containers:
    - name: {{ .component }}
      {{- include "chassis.imageAndRights" .root | nindent 6 }}
      command: [chassis, {{ .component }}, {{ include "chassis.package" .root }}, --patience, {{ .settings.patienceSeconds | quote }}{{ range .options }}, {{ . | quote }}{{ end }}]
      env: {{- .env | nindent 8 }}
      resources: {{- toYaml .settings.resources | nindent 8 }}
      volumeMounts: {{- include "chassis.mounts" (dict "volume" "urls") | nindent 8 }}
  volumes:
    {{- include "chassis.urlVolume" (dict "name" "urls" "urls" .urls) | nindent 4 }}
    {{- include "chassis.tmpVolume" . | nindent 4 }}
{{- end -}}

{{- define "chassis.migrationJob" -}}
{{- include "chassis.job" (dict "root" . "component" "migrate" "settings" .Values.migrations "env" (include "chassis.databaseUrlFile" .) "urls" (dict "database" (include "chassis.databaseSecret" .))) -}}
{{- end -}}

{{- define "chassis.provisioningJob" -}}
{{- $options := gt (int .Values.provisioning.streamReplicas) 1 | ternary (list "--replicas" (toString .Values.provisioning.streamReplicas)) list -}}
{{- include "chassis.job" (dict "root" . "component" "provision" "options" $options "settings" .Values.provisioning "env" (include "chassis.natsUrlFile" .) "urls" (dict "nats" (include "chassis.provisionerSecret" .))) -}}
{{- end -}}
