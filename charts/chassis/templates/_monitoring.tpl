{{/* Scrapes the service and its relay. */}}
{{- define "chassis.podMonitor" -}}
apiVersion: monitoring.coreos.com/v1
kind: PodMonitor
metadata:
  name: {{ include "chassis.fullname" . }}
  labels:
    {{- include "chassis.labels" . | nindent 4 }}
    {{- with .Values.metrics.podMonitor.labels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  selector:
    matchLabels: {{- include "chassis.selectorLabels" . | nindent 6 }}
  podMetricsEndpoints:
    - {port: http, path: /metrics, interval: {{ .Values.metrics.podMonitor.interval }}}
    - {port: metrics, path: /metrics, interval: {{ .Values.metrics.podMonitor.interval }}}
{{- end -}}
