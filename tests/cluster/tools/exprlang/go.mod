module ferrata.dev/tests/cluster/tools/exprlang

go 1.26.1

require github.com/expr-lang/expr v1.17.7
