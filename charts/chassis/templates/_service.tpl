{{/* Everything that a service's chart installs. */}}
{{- define "chassis.service" -}}
{{- include "chassis.validate" . -}}
{{- $global := .Values.global | default dict -}}
{{ include "chassis.deployment" . }}
---
{{ include "chassis.httpService" . }}
{{- if .Values.admin.enabled }}
---
{{ include "chassis.adminService" . }}
{{- end }}
{{- if .Values.ingress.enabled }}
---
{{ include "chassis.httpIngress" . }}
{{- end }}
{{- if .Values.serviceAccount.create }}
---
{{ include "chassis.serviceAccount" (dict "name" (include "chassis.serviceAccountName" .) "labels" (include "chassis.labels" .) "annotations" .Values.serviceAccount.annotations) }}
{{- end }}
{{- if and .Values.migrations.enabled (include "chassis.usesDatabase" .) }}
---
{{ include "chassis.migrationJob" . }}
{{- end }}
{{- if and .Values.provisioning.enabled (include "chassis.isProvisioned" .) }}
---
{{ include "chassis.provisioningJob" . }}
{{- end }}
{{- if dig "networkPolicy" "enabled" true $global }}
---
{{ include "chassis.networkPolicies" . }}
{{- end }}
{{- if and .Values.podDisruptionBudget.enabled (include "chassis.runsSeveral" .) }}
---
{{ include "chassis.disruptionBudget" . }}
{{- end }}
{{- if and .Values.autoscaling.enabled (eq .Values.autoscaling.type "hpa") }}
---
{{ include "chassis.horizontalPodAutoscaler" . }}
{{- end }}
{{- if and .Values.autoscaling.enabled (eq .Values.autoscaling.type "keda") }}
---
{{ include "chassis.scaledObject" . }}
{{- end }}
{{- if or .Values.metrics.podMonitor.enabled (dig "monitoring" "podMonitors" false $global) }}
---
{{ include "chassis.podMonitor" . }}
{{- end }}
{{- range .Values.extraObjects }}
---
{{ tpl (toYaml .) $ }}
{{- end }}
{{- end -}}

{{- define "chassis.httpService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "chassis.fullname" . }}
  labels: {{- include "chassis.labels" . | nindent 4 }}
spec:
  {{- if ne .Values.http.serviceType "ClusterIP" }}
  type: {{ .Values.http.serviceType }}
  {{- end }}
  selector: {{- include "chassis.selectorLabels" . | nindent 4 }}
  ports:
    - {name: http, port: {{ .Values.http.port }}, targetPort: http, appProtocol: http}
{{- end -}}

{{- define "chassis.serviceAccount" -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .name }}
  labels: {{- .labels | nindent 4 }}
  {{- with .annotations }}
  annotations: {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end -}}
