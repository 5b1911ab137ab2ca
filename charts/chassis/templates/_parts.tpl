{{/*
Parts that a service has, each "yes" or blank: what it declares in `messaging:`, and
`database.enabled`, decide. Everything that is made for a part asks here.
*/}}
{{- define "chassis.usesDatabase" -}}
{{- if .Values.database.enabled -}}yes{{- end -}}
{{- end -}}

{{- define "chassis.usesNats" -}}
{{- if or (include "chassis.isProvisioned" .) .Values.messaging.publishes .Values.messaging.reads -}}yes{{- end -}}
{{- end -}}

{{/* Streams or durables are made for it. */}}
{{- define "chassis.isProvisioned" -}}
{{- if or .Values.messaging.streams .Values.messaging.consumers -}}yes{{- end -}}
{{- end -}}

{{/* Whoever publishes has a relay. */}}
{{- define "chassis.hasRelay" -}}
{{- if .Values.messaging.publishes -}}yes{{- end -}}
{{- end -}}

{{- define "chassis.usesUrls" -}}
{{- if or (include "chassis.usesDatabase" .) (include "chassis.usesNats" .) -}}yes{{- end -}}
{{- end -}}
