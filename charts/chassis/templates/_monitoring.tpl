{{/* Scrapes the service, and its relay. */}}
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
    {{- $jobs := dict "http" .Chart.Name }}
    {{- if include "chassis.hasRelay" . }}
    {{- $_ := set $jobs "metrics" (printf "%s-relay" .Chart.Name) }}
    {{- end }}
    {{- range $port, $job := $jobs }}
    - port: {{ $port }}
      path: /metrics
      interval: {{ $interval }}
      relabelings: [{targetLabel: job, replacement: {{ $job }}}]
    {{- end }}
{{- end -}}
