// Podtypes writes the shape of Kubernetes' pod template and job types as JSON: for each struct its fields in the
// order of their declaration, which is the order in which Go prints them. Hashes of pod templates depend on it.
package main

import (
	"encoding/json"
	"os"
	"reflect"
	"strings"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// field is one JSON field: its name, its type, and whether Go leaves it out when it is empty.
// Types: a struct's name, "*T" for a pointer, "[]T", "map:T", or a scalar.
type field struct {
	Name string `json:"n"`
	Type string `json:"t"`
	Omit bool   `json:"o,omitempty"`
}

var structs = map[string][]field{}

func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeOf(resource.Quantity{}):
		return "quantity"
	case reflect.TypeOf(intstr.IntOrString{}):
		return "intOrString"
	case reflect.TypeOf(metav1.Time{}), reflect.TypeOf(metav1.MicroTime{}):
		return "time"
	case reflect.TypeOf(metav1.FieldsV1{}):
		return "any"
	}
	switch t.Kind() {
	case reflect.Ptr:
		return "*" + typeName(t.Elem())
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + typeName(t.Elem())
	case reflect.Map:
		return "map:" + typeName(t.Elem())
	case reflect.Struct:
		walk(t)
		return t.Name()
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	default:
		return "int"
	}
}

func walk(t reflect.Type) {
	if _, seen := structs[t.Name()]; seen {
		return
	}
	structs[t.Name()] = nil
	structs[t.Name()] = fields(t)
}

func fields(t reflect.Type) []field {
	found := []field{}
	for i := 0; i < t.NumField(); i++ {
		f := t.Field(i)
		tag := strings.Split(f.Tag.Get("json"), ",")
		if tag[0] == "" && f.Anonymous {
			inner := f.Type
			if inner.Kind() == reflect.Ptr {
				inner = inner.Elem()
			}
			found = append(found, fields(inner)...)
			continue
		}
		if tag[0] == "" || tag[0] == "-" {
			continue
		}
		options := strings.Join(tag[1:], ",")
		omit := strings.Contains(options, "omitzero") ||
			(strings.Contains(options, "omitempty") && f.Type.Kind() != reflect.Struct)
		found = append(found, field{tag[0], typeName(f.Type), omit})
	}
	return found
}

func main() {
	for _, root := range []any{corev1.PodTemplateSpec{}, batchv1.JobSpec{}, metav1.LabelSelector{}} {
		walk(reflect.TypeOf(root))
	}
	out := json.NewEncoder(os.Stdout)
	out.SetEscapeHTML(false)
	if err := out.Encode(structs); err != nil {
		panic(err)
	}
}
