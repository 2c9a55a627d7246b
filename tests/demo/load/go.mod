module ferrata.dev/tests/demo/load

go 1.21
