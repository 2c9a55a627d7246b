{{/* What the operator may do where it serves Rollouts. tests/plane/test_rights.py compares these with what it asks
     for: a right that is missing and one that nothing needs both fail the tests. */}}
{{- define "ferrata.rules" -}}
- apiGroups: [argoproj.io]
  resources: [rollouts]
  verbs: [get, list, watch, patch]
- apiGroups: [argoproj.io]
  resources: [rollouts/status]
  verbs: [patch]
# Owner references block the owner's deletion; the admission plugin OwnerReferencesPermissionEnforcement (on in
# OpenShift) asks for this right before it lets anybody set one.
- apiGroups: [argoproj.io]
  resources: [rollouts/finalizers]
  verbs: [update]
- apiGroups: [argoproj.io]
  resources: [analysisruns]
  verbs: [get, list, watch, create, patch, delete]
- apiGroups: [argoproj.io]
  resources: [analysistemplates, experiments]
  verbs: [list, watch]
- apiGroups: [apps]
  resources: [replicasets]
  verbs: [get, list, watch, create, patch, delete]
# Pods are looked at, and evicted, while they are restarted by spec.restartAt; they are labelled by their role.
- apiGroups: [""]
  resources: [pods]
  verbs: [list, patch]
- apiGroups: [""]
  resources: [pods/eviction]
  verbs: [create]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, patch]
- apiGroups: [""]
  resources: [events]
  verbs: [create, patch]
- apiGroups: [networking.k8s.io]
  resources: [ingresses]
  verbs: [get, list, watch, create, patch]
- apiGroups: [gateway.networking.k8s.io]
  resources: [httproutes]
  verbs: [get, list, watch, patch]
{{- end -}}

{{/* Secrets by name; with rbac.secrets.names only those. */}}
{{- define "ferrata.secretRules" -}}
- apiGroups: [""]
  resources: [secrets]
  {{- with .Values.rbac.secrets.names }}
  resourceNames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  verbs: [get]
{{- end -}}
