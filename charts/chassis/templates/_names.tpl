{{/* Name of all objects of a chart. Leaves room for a Job's "-provision-" and hash in 63 characters. */}}
{{- define "chassis.fullname" -}}
{{- $name := .Values.fullnameOverride | default (contains .Chart.Name .Release.Name | ternary .Release.Name (printf "%s-%s" .Release.Name .Chart.Name)) -}}
{{- $name | trunc 44 | trimSuffix "-" -}}
{{- end -}}

{{/* Import name of the service's Python package. */}}
{{- define "chassis.package" -}}
{{- .Chart.Name | replace "-" "_" -}}
{{- end -}}

{{- define "chassis.serviceAccountName" -}}
{{- .Values.serviceAccount.name | default (include "chassis.fullname" .) -}}
{{- end -}}
