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

// field is one JSON field: its name, its type, whether Go leaves it out when it is empty, whether the API asks for it,
// the keys by which the items of a list are told apart, and the bits of a number that has fewer than 64.
// Types: a struct's name, "*T" for a pointer, "[]T", "map:T", or a scalar.
type field struct {
	Name     string   `json:"n"`
	Type     string   `json:"t"`
	Omit     bool     `json:"o,omitempty"`
	Required bool     `json:"r,omitempty"`
	Keys     []string `json:"k,omitempty"`
	Bits     int      `json:"b,omitempty"`
}

// secondKeys are those of list markers; struct tags hold the first key only.
var secondKeys = map[string]string{"containerPort": "protocol", "topologyKey": "whenUnsatisfiable"}

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
		optional := strings.Contains(options, "omit")
		omit := strings.Contains(options, "omitzero") || (optional && f.Type.Kind() != reflect.Struct)
		found = append(found, field{tag[0], typeName(f.Type), omit, !optional, keys(f), bits(f.Type)})
	}
	return found
}

func keys(f reflect.StructField) []string {
	first := f.Tag.Get("patchMergeKey")
	if first == "" {
		return nil
	}
	if second := secondKeys[first]; second != "" {
		return []string{first, second}
	}
	return []string{first}
}

func bits(t reflect.Type) int {
	for t.Kind() == reflect.Ptr || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() == reflect.Int32 {
		return 32
	}
	return 0
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
