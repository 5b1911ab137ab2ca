{{- define "chassis.disruptionBudget" -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "chassis.fullname" . }}
  labels: {{- include "chassis.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .Values.podDisruptionBudget.maxUnavailable }}
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels: {{- include "chassis.selectorLabels" . | nindent 6 }}
{{- end -}}

{{- define "chassis.runsSeveral" -}}
{{- $pods := .Values.autoscaling.enabled | ternary .Values.autoscaling.minReplicas .Values.replicaCount -}}
{{- if gt (int $pods) 1 -}}yes{{- end -}}
{{- end -}}

{{- define "chassis.horizontalPodAutoscaler" -}}
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ include "chassis.fullname" . }}
  labels: {{- include "chassis.labels" . | nindent 4 }}
spec:
  minReplicas: {{ .Values.autoscaling.minReplicas }}
  maxReplicas: {{ .Values.autoscaling.maxReplicas }}
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ include "chassis.fullname" . }}}
  metrics:
    - type: ContainerResource
      containerResource:
        name: cpu
        container: app
        target: {type: Utilization, averageUtilization: {{ .Values.autoscaling.targetCPU }}}
{{- end -}}

{{/* One trigger for each durable of `messaging.consumers`: the one that lags most decides. */}}
{{- define "chassis.scaledObject" -}}
apiVersion: keda.sh/v1alpha1
kind: ScaledObject
metadata:
  name: {{ include "chassis.fullname" . }}
  labels: {{- include "chassis.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {name: {{ include "chassis.fullname" . }}}
  minReplicaCount: {{ .Values.autoscaling.minReplicas }}
  maxReplicaCount: {{ .Values.autoscaling.maxReplicas }}
  triggers:
    {{- range $consumer := .Values.messaging.consumers }}
    {{- range .durables }}
    - type: nats-jetstream
      metadata:
        natsServerMonitoringEndpoint: {{ $.Values.autoscaling.natsMonitoringEndpoint | default (printf "%s-nats.%s:8222" $.Release.Name $.Release.Namespace) }}
        account: {{ $.Values.autoscaling.natsAccount }}
        stream: {{ $consumer.stream }}
        consumer: {{ . }}
        lagThreshold: {{ $.Values.autoscaling.lagThreshold | quote }}
    {{- end }}
    {{- end }}
{{- end -}}
