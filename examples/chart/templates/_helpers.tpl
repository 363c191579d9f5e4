{{- define "shop.name" -}}
{{- printf "%s-%s" .root.Release.Name .part | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "shop.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
{{ include "shop.selector" . }}
{{- end }}

{{- define "shop.selector" -}}
app.kubernetes.io/name: {{ .part }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- end }}

{{- define "shop.image" -}}
{{- printf "%s:%s" .Values.image.repository .Values.image.tag -}}
{{- end }}

{{- /* Stays the same over upgrades: what is there already is kept. */ -}}
{{- define "shop.password" -}}
{{- $name := include "shop.name" (dict "root" . "part" "store") -}}
{{- $old := lookup "v1" "Secret" .Release.Namespace $name -}}
{{- if $old -}}{{ index $old.data "password" }}{{- else -}}{{ randAlphaNum 16 | b64enc }}{{- end -}}
{{- end }}
