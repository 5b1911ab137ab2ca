{{/*
Labels, for a dict "root" $ "name" "component" "version". A selector can never change, so it holds
what stays the same over all releases of a chart; pods carry no more, so that a new chart version
alone restarts nothing.
*/}}
{{- define "chassis.selectorLabelsOf" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "chassis.podLabelsOf" -}}
{{ include "chassis.selectorLabelsOf" . }}
app.kubernetes.io/part-of: longship
{{- end -}}

{{- define "chassis.labelsOf" -}}
{{ include "chassis.podLabelsOf" . }}
app.kubernetes.io/version: {{ .version | default .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name (.root.Chart.Version | replace "+" "_") }}
{{- with dig "labels" dict (.root.Values.global | default dict) }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The same for a service's chart: a service, and the Jobs that migrate and provision for it. */}}
{{- define "chassis.selectorLabels" -}}
{{ include "chassis.selectorLabelsOf" (dict "root" . "name" .Chart.Name "component" "service") }}
{{- end -}}

{{- define "chassis.labels" -}}
{{ include "chassis.labelsOf" (dict "root" . "name" .Chart.Name "component" "service" "version" (include "chassis.version" .)) }}
{{- end -}}

{{- define "chassis.version" -}}
{{- .Values.image.tag | default (dig "imageTag" "" (.Values.global | default dict)) | default .Chart.AppVersion -}}
{{- end -}}
