{{/* An image's full name: dict "root" $ "image" (registry, repository, tag, digest) */}}
{{- define "chassis.image" -}}
{{- $registry := dig "imageRegistry" "" (.root.Values.global | default dict) | default .image.registry -}}
{{- $name := $registry | empty | ternary .image.repository (printf "%s/%s" $registry .image.repository) -}}
{{- if .image.digest -}}
{{- printf "%s@%s" $name .image.digest -}}
{{- else -}}
{{- printf "%s:%s" $name .image.tag -}}
{{- end -}}
{{- end -}}

{{/* The service's own image, in all of its pods. */}}
{{- define "chassis.serviceImage" -}}
{{- $tag := .Values.image.tag | default (dig "imageTag" "" (.Values.global | default dict)) | default .Chart.AppVersion -}}
{{- $repository := .Values.image.repository | default (printf "longship/%s" .Chart.Name) -}}
{{- include "chassis.image" (dict "root" . "image" (merge (dict "tag" $tag "repository" $repository) .Values.image)) -}}
{{- end -}}

{{- define "chassis.imagePullSecrets" -}}
{{- with dig "imagePullSecrets" dict (.Values.global | default dict) -}}
imagePullSecrets:
  {{- range $name, $on := . }}
  {{- if $on }}
  - name: {{ $name }}
  {{- end }}
  {{- end }}
{{- end }}
{{- end -}}
