{{/* The operators' HTTP API: its port, its tokens as files, and who may reach it. */}}
{{- define "chassis.adminEnv" -}}
{{- with .Values.admin -}}
{{- if .enabled -}}
- {name: ADMIN_PORT, value: {{ .port | quote }}}
- {name: ADMIN_TOKEN_FILE, value: /etc/admin/token}
{{- if .readerSecret.name }}
- {name: ADMIN_READER_TOKEN_FILE, value: /etc/admin/reader-token}
{{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{- define "chassis.adminVolume" -}}
{{- with .Values.admin -}}
{{- if .enabled -}}
- name: admin
  projected:
    defaultMode: 0440
    sources:
      - secret:
          name: {{ .secret.name | quote }}
          items: [{key: {{ .secret.key | quote }}, path: token}]
      {{- if .readerSecret.name }}
      - secret:
          name: {{ .readerSecret.name | quote }}
          items: [{key: {{ .readerSecret.key | quote }}, path: reader-token}]
      {{- end }}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* A Service of its own: the other one may be for the outside. */}}
{{- define "chassis.adminService" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include "chassis.fullname" . }}-admin
  labels: {{- include "chassis.labels" . | nindent 4 }}
spec:
  selector: {{- include "chassis.selectorLabels" . | nindent 4 }}
  ports:
    - {name: admin, port: {{ .Values.admin.port }}, targetPort: admin, appProtocol: http}
{{- end -}}
