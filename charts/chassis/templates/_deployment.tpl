{{- define "chassis.deployment" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "chassis.fullname" . }}
  labels: {{- include "chassis.labels" . | nindent 4 }}
spec:
  {{- if not .Values.autoscaling.enabled }}
  replicas: {{ .Values.replicaCount }}
  {{- end }}
  revisionHistoryLimit: {{ .Values.revisionHistoryLimit }}
  strategy:
    rollingUpdate: {maxSurge: 1, maxUnavailable: 0}
  selector:
    matchLabels: {{- include "chassis.selectorLabels" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "chassis.podLabelsOf" (dict "root" . "name" .Chart.Name "component" "service") | nindent 8 }}
        {{- with .Values.podLabels }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      annotations:
        kubectl.kubernetes.io/default-container: app
        {{- with .Values.podAnnotations }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
    spec: {{- include "chassis.pod" . | nindent 6 }}
{{- end -}}

{{/* Order of the start: schema, relay, service. Order of the end: service, relay. */}}
{{- define "chassis.pod" -}}
serviceAccountName: {{ include "chassis.serviceAccountName" . }}
{{ include "chassis.podSecurity" (dict "user" (include "chassis.user" .)) }}
terminationGracePeriodSeconds: {{ .Values.terminationGracePeriodSeconds }}
{{- with include "chassis.imagePullSecrets" . }}
{{ . }}
{{- end }}
{{- with include "chassis.placement" . }}
{{ . }}
{{- end }}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "chassis.selectorLabels" . | nindent 8 }}
{{- with include "chassis.beforeTheService" . }}
initContainers: {{- . | nindent 2 }}
{{- end }}
containers:
  {{- include "chassis.appContainer" . | nindent 2 }}
volumes:
  {{- with include "chassis.serviceUrls" . | fromJson }}
  {{- include "chassis.urlVolume" (dict "name" "urls" "urls" .) | nindent 2 }}
  {{- end }}
  {{- if include "chassis.hasRelay" . }}
  {{- include "chassis.urlVolume" (dict "name" "relay-urls" "urls" (dict "database" (include "chassis.relayDatabaseSecret" .) "nats" (include "chassis.relayNatsSecret" .))) | nindent 2 }}
  {{- end }}
  {{- with include "chassis.jwksVolume" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with include "chassis.adminVolume" . }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- include "chassis.tmpVolume" . | nindent 2 }}
{{- end -}}

{{/* What has to be done, and what has to run, before the service starts. */}}
{{- define "chassis.beforeTheService" -}}
{{ if include "chassis.usesDatabase" . -}}
{{ include "chassis.schemaContainer" . }}
{{ end -}}
{{ if include "chassis.hasRelay" . -}}
{{ include "chassis.relayContainer" . }}
{{- end -}}
{{- end -}}

{{/* Secrets of the service's own URLs by file, as JSON. */}}
{{- define "chassis.serviceUrls" -}}
{{- $urls := dict -}}
{{- if include "chassis.usesDatabase" . -}}
{{- $_ := set $urls "database" (include "chassis.databaseSecret" .) -}}
{{- end -}}
{{- if include "chassis.usesNats" . -}}
{{- $_ := set $urls "nats" (include "chassis.natsSecret" .) -}}
{{- end -}}
{{- toJson $urls -}}
{{- end -}}

{{/* Readiness asks for the database only, see the relay. */}}
{{- define "chassis.appContainer" -}}
- name: app
  {{- include "chassis.imageAndRights" . | nindent 2 }}
  command: [python, -m, {{ include "chassis.package" . }}]
  env:
    {{- include "chassis.commonEnv" . | nindent 4 }}
    - {name: HTTP_PORT, value: {{ .Values.http.port | quote }}}
    {{- with include "chassis.adminEnv" . }}
    {{- . | nindent 4 }}
    {{- end }}
  ports:
    - {name: http, containerPort: {{ .Values.http.port }}}
    {{- if .Values.admin.enabled }}
    - {name: admin, containerPort: {{ .Values.admin.port }}}
    {{- end }}
  startupProbe:
    httpGet: {path: /livez, port: http}
    periodSeconds: 1
    failureThreshold: 120
  readinessProbe:
    httpGet: {path: /readyz, port: http}
    periodSeconds: 5
    timeoutSeconds: 3
  livenessProbe:
    httpGet: {path: /livez, port: http}
    periodSeconds: 15
    timeoutSeconds: 5
  lifecycle:
    preStop:
      exec: {command: [sleep, "3"]} # until no endpoint sends requests here
  resources: {{- toYaml .Values.resources | nindent 4 }}
  volumeMounts: {{- include "chassis.mounts" (dict "volume" (include "chassis.usesUrls" . | eq "yes" | ternary "urls" "")) | nindent 4 }}
    {{- if include "chassis.jwksVolume" . }}
    - {name: jwks, mountPath: /etc/jwks, readOnly: true}
    {{- end }}
    {{- if .Values.admin.enabled }}
    - {name: admin, mountPath: /etc/admin, readOnly: true}
    {{- end }}
{{- end -}}

{{/* Lets the pod go on when the migrations of its own version have been applied, by whomever. */}}
{{- define "chassis.schemaContainer" -}}
- name: wait-for-schema
  {{- include "chassis.imageAndRights" . | nindent 2 }}
  command: [chassis, wait-for-schema, {{ include "chassis.package" . }}, --patience, {{ .Values.migrations.patienceSeconds | quote }}]
  env:
    {{- include "chassis.databaseUrlFile" . | nindent 4 }}
  resources: {{- toYaml .Values.migrations.resources | nindent 4 }}
  volumeMounts: {{- include "chassis.mounts" (dict "volume" "urls") | nindent 4 }}
{{- end -}}
