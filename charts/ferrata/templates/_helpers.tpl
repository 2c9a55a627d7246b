{{/* The chart's name, as in labels. */}}
{{- define "ferrata.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The name of everything in this release: its own name, with the chart's unless that is in it. 50 characters leave
     room for what is appended. */}}
{{- define "ferrata.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "ferrata.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "ferrata.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The name of what is not in the release's own namespace: two releases of one name in two namespaces must not share it. */}}
{{- define "ferrata.clusterName" -}}
{{- if eq .Release.Namespace (include "ferrata.fullname" .) -}}
{{- include "ferrata.fullname" . -}}
{{- else -}}
{{- printf "%s-%s" .Release.Namespace (include "ferrata.fullname" .) -}}
{{- end -}}
{{- end -}}

{{/* Labels by which pods are selected; they never change during a release's life. */}}
{{- define "ferrata.selectorLabels" -}}
app.kubernetes.io/name: {{ include "ferrata.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* Labels of every object. */}}
{{- define "ferrata.labels" -}}
{{ include "ferrata.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: ferrata
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{- define "ferrata.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "ferrata.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- required "serviceAccount.name is needed when serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The subject of every binding. */}}
{{- define "ferrata.subjects" -}}
- kind: ServiceAccount
  name: {{ include "ferrata.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* The one namespace that is served, "" for all. */}}
{{- define "ferrata.watchNamespace" -}}
{{- if .Values.namespaced -}}
{{- default .Release.Namespace .Values.watchNamespace -}}
{{- end -}}
{{- end -}}

{{- define "ferrata.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{/* The Lease that Argo Rollouts uses too, so that the two never act at once in one namespace. */}}
{{- define "ferrata.leaseName" -}}
argo-rollouts-controller-lock{{ with .Values.instanceId }}-{{ . }}{{ end }}
{{- end -}}

{{/* Values that fit their types and yet make no sense together. */}}
{{- define "ferrata.check" -}}
{{- if and .Values.watchNamespace (not .Values.namespaced) -}}
{{- fail "watchNamespace is set, but namespaced is false: set namespaced=true to serve that namespace alone" -}}
{{- end -}}
{{- if and (not .Values.leaderElection.enabled) (gt (int .Values.replicas) 1) -}}
{{- fail (printf "replicas is %d without leaderElection.enabled: they would all act at once; set replicas=1" (int .Values.replicas)) -}}
{{- end -}}
{{- if eq (int .Values.healthPort) (int .Values.metrics.port) -}}
{{- fail (printf "healthPort and metrics.port are both %d: they are two servers" (int .Values.healthPort)) -}}
{{- end -}}
{{- end -}}
