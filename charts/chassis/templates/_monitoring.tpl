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
    {{- /* `job` is the deployable's name: alert rules and dashboards group by it */}}
    {{- $interval := .Values.metrics.podMonitor.interval }}
    {{- range $port, $job := dict "http" .Chart.Name "metrics" (printf "%s-relay" .Chart.Name) }}
    - port: {{ $port }}
      path: /metrics
      interval: {{ $interval }}
      relabelings: [{targetLabel: job, replacement: {{ $job }}}]
    {{- end }}
{{- end -}}
