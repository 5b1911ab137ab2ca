{{/*
The relay is a native sidecar: it starts before the service and stops after it, and publishes what
the service commits at its end. It has no readiness probe, which would count as the pod's: without
NATS the service takes requests all the same, into its outbox.
*/}}
{{- define "chassis.relayContainer" -}}
- name: relay
  restartPolicy: Always
  {{- include "chassis.imageAndRights" . | nindent 2 }}
  command: [python, -m, chassis.relay]
  env:
    {{- include "chassis.commonEnv" . | nindent 4 }}
    - {name: RELAY_METRICS_PORT, value: {{ .Values.relay.port | quote }}}
  ports:
    - {name: metrics, containerPort: {{ .Values.relay.port }}}
  startupProbe:
    httpGet: {path: /livez, port: metrics}
    periodSeconds: 1
    failureThreshold: 120
  livenessProbe:
    httpGet: {path: /livez, port: metrics}
    periodSeconds: 15
    timeoutSeconds: 5
  resources: {{- toYaml .Values.relay.resources | nindent 4 }}
  volumeMounts: {{- include "chassis.mounts" (dict "volume" "relay-urls") | nindent 4 }}
{{- end -}}
