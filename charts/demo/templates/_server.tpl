{{/* Parts that the three servers have in common: dict "root" $ "name" "nats" "port" 4222 … */}}
{{- define "demo.serverName" -}}
{{- .root.Release.Name }}-{{ .name -}}
{{- end -}}

{{- define "demo.serverPod" -}}
serviceAccountName: {{ include "demo.serverName" . }}
{{ include "chassis.podSecurity" (dict "user" (int (get .root.Values .name).user)) }}
{{- with include "chassis.imagePullSecrets" .root }}
{{ . }}
{{- end }}
{{- end -}}

{{- define "demo.serverContainer" -}}
{{- $server := get .root.Values .name -}}
name: {{ .name }}
image: {{ include "chassis.image" (dict "root" .root "image" $server.image) }}
imagePullPolicy: {{ $server.image.pullPolicy }}
{{ include "chassis.containerSecurity" . }}
resources: {{- toYaml $server.resources | nindent 2 }}
{{- end -}}

{{- define "demo.serviceAccount" -}}
{{ include "chassis.serviceAccount" (dict "name" (include "demo.serverName" .) "labels" (include "demo.labels" .) "annotations" dict) }}
{{- end -}}

{{- define "demo.claim" -}}
{{- $storage := (get .root.Values .name).storage -}}
- metadata:
    name: data
    labels: {{- include "demo.selectorLabels" . | nindent 6 }}
  spec:
    accessModes: [ReadWriteOnce]
    {{- with $storage.storageClassName }}
    storageClassName: {{ . }}
    {{- end }}
    resources: {requests: {storage: {{ $storage.size }}}}
{{- end -}}

{{/* Lets the services in, or those that have `part`, with the components given, and nobody else. */}}
{{- define "demo.serverPolicies" -}}
{{- if .root.Values.global.networkPolicy.enabled -}}
{{- $services := include "demo.services" .root -}}
{{- with .part -}}
{{- $services = include "demo.servicesWith" (dict "root" $.root "part" .) -}}
{{- end -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "demo.serverName" . }}-deny-all
  labels: {{- include "demo.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "demo.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
{{- range ($services | fromJson).names }}
---
{{ include "demo.serverIngress" (merge (dict "from" . "peers" (include "demo.servicePeer" (dict "root" $.root "name" . "components" $.components))) $) }}
{{- end }}
{{- end -}}
{{- end -}}

{{- define "demo.servicePeer" -}}
- podSelector: {{- include "chassis.podsOf" . | nindent 4 }}
{{- end -}}

{{- define "demo.serverIngress" -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include "demo.serverName" . }}-from-{{ .from }}
  labels: {{- include "demo.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels: {{- include "demo.selectorLabels" . | nindent 6 }}
  policyTypes: [Ingress]
  ingress:
    - from: {{- .peers | nindent 8 }}
      ports: [{protocol: TCP, port: {{ .port }}}]
{{- end -}}
