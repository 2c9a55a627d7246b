module ferrata.dev/tests/cluster/tools/lua

go 1.26.0

require (
	github.com/argoproj/argo-cd/v3 v3.4.13
	github.com/yuin/gopher-lua v1.1.1
)
