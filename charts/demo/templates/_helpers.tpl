{{/* Labels of a server or a test of this chart: dict "root" $ "name" "nats" "version" "2.14" */}}
{{- define "demo.labels" -}}
{{ include "chassis.labelsOf" (merge (dict "component" (include "demo.component" .)) .) }}
{{- end -}}

{{- define "demo.podLabels" -}}
{{ include "chassis.podLabelsOf" (merge (dict "component" (include "demo.component" .)) .) }}
{{- end -}}

{{- define "demo.selectorLabels" -}}
{{ include "chassis.selectorLabelsOf" (merge (dict "component" (include "demo.component" .)) .) }}
{{- end -}}

{{- define "demo.component" -}}
{{- get (dict "postgresql" "database" "nats" "broker" "jaeger" "tracing" "test" "test" "observability" "observability" "development-key" "tokens") .name -}}
{{- end -}}

{{/* Names of the services that are on, as JSON: those whose charts declare messaging. */}}
{{- define "demo.services" -}}
{{- $names := list -}}
{{- range $name, $chart := .Subcharts -}}
{{- if hasKey $chart.Values "messaging" -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}
{{- dict "names" $names | toJson -}}
{{- end -}}

{{/* Those of them that have a part: dict "root" $ "part" "chassis.hasRelay" */}}
{{- define "demo.servicesWith" -}}
{{- $names := list -}}
{{- range $name := (include "demo.services" .root | fromJson).names -}}
{{- if include $.part (get $.root.Subcharts $name) -}}
{{- $names = append $names $name -}}
{{- end -}}
{{- end -}}
{{- dict "names" $names | toJson -}}
{{- end -}}

{{- define "demo.database" -}}
{{- . | replace "-" "_" -}}
{{- end -}}

{{/* A password: the one there is in the cluster, or a new one. dict "root" $ "secret" … "key" … */}}
{{- define "demo.password" -}}
{{- $there := lookup "v1" "Secret" .root.Release.Namespace .secret -}}
{{- with dig "data" .key "" ($there | default dict) -}}
{{- b64dec . -}}
{{- else -}}
{{- randAlphaNum 32 -}}
{{- end -}}
{{- end -}}
