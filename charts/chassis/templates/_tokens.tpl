{{/*
Whose tokens a service believes. Without keys of an issuer it takes the demo's development key, a
secret that both makes and checks tokens, and only because a variable says so.
*/}}
{{- define "chassis.usesDevelopmentKey" -}}
{{- $tokens := .Values.tokens -}}
{{- if not (or $tokens.jwksUrl $tokens.jwks.configMap $tokens.jwks.secret) -}}yes{{- end -}}
{{- end -}}

{{- define "chassis.tokenEnv" -}}
{{- with .Values.tokens -}}
{{- if .enabled -}}
- {name: TOKEN_ISSUER, value: {{ include "chassis.usesDevelopmentKey" $ | eq "yes" | ternary "development" .issuer | quote }}}
- {name: TOKEN_AUDIENCE, value: {{ .audience | quote }}}
{{- if .jwksUrl }}
- {name: JWKS_URL, value: {{ .jwksUrl | quote }}}
{{- else }}
- {name: JWKS_FILE, value: /etc/jwks/jwks.json}
{{- end }}
{{- if include "chassis.usesDevelopmentKey" $ }}
- {name: ACCEPT_SYMMETRIC_KEYS, value: "true"}
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* The volume of the keys, where they are a file. */}}
{{- define "chassis.jwksVolume" -}}
{{- $tokens := .Values.tokens -}}
{{- if and $tokens.enabled (not $tokens.jwksUrl) -}}
- name: jwks
  projected:
    defaultMode: 0440
    sources:
      {{- if $tokens.jwks.configMap }}
      - configMap:
          name: {{ $tokens.jwks.configMap | quote }}
          items: [{key: {{ $tokens.jwks.key | quote }}, path: jwks.json}]
      {{- else }}
      - secret:
          name: {{ $tokens.jwks.secret | default (printf "%s-development-key" .Release.Name) | quote }}
          items: [{key: {{ $tokens.jwks.key | quote }}, path: jwks.json}]
      {{- end }}
{{- end -}}
{{- end -}}
