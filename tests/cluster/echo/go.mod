module ferrata.dev/tests/cluster/echo

go 1.21
