module ferrata.dev/tests/demo/service

go 1.21
