// Answers what github.com/expr-lang/expr makes of an expression, in the environment that Argo Rollouts gives its
// conditions. One JSON object per line in (a case), one per line out (an answer), in the same order.
//
// `result` comes and answers go as pairs of a Go type and a text, an array of pairs, or an array of key and value:
//
//	["float64", "0.5"]   ["string", "a"]   ["<nil>"]   ["[]float64", [["float64", "NaN"]]]
//	["map[string]interface {}", [[["string", "ok"], ["bool", "true"]]]]
package main

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"reflect"
	"sort"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/file"
)

type testCase struct {
	Source string            `json:"source"`
	Result []json.RawMessage `json:"result"`
}

// answer has the value, or the stage that failed ("compile" or "run") with its message and place.
type answer struct {
	Value   any    `json:"value,omitempty"`
	Failed  string `json:"failed,omitempty"`
	Message string `json:"message,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
}

func main() {
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(nil, 16<<20)
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	answers := json.NewEncoder(out)
	answers.SetEscapeHTML(false)
	for in.Scan() {
		var given testCase
		if err := json.Unmarshal(in.Bytes(), &given); err != nil {
			fail(fmt.Errorf("a case is no JSON: %w", err))
		}
		result, err := decoded(given.Result)
		if err != nil {
			fail(fmt.Errorf("the result of %q: %w", given.Source, err))
		}
		if err := answers.Encode(evaluate(given.Source, result)); err != nil {
			fail(err)
		}
	}
	if err := in.Err(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "expression-oracle:", err)
	os.Exit(1)
}

// evaluate compiles for the type of result and runs, as a condition is judged: anew for each measurement.
func evaluate(source string, result any) (found answer) {
	stage := "compile"
	defer func() {
		if caught := recover(); caught != nil {
			found = answer{Failed: stage, Message: fmt.Sprint(caught)}
		}
	}()
	environment := environmentOf(result)
	program, err := expr.Compile(source, expr.Env(environment))
	if err != nil {
		return failure(stage, err)
	}
	stage = "run"
	value, err := expr.Run(program, environment)
	if err != nil {
		return failure(stage, err)
	}
	return answer{Value: encoded(value)}
}

func failure(stage string, err error) answer {
	found := answer{Failed: stage, Message: err.Error()}
	var placed *file.Error
	if errors.As(err, &placed) {
		found.Message, found.Line, found.Column = placed.Message, placed.Line, placed.Column+1
	}
	return found
}

func environmentOf(result any) map[string]any {
	return map[string]any{
		"result":  result,
		"asInt":   asInt,
		"asFloat": asFloat,
		"isNaN":   math.IsNaN,
		"isInf":   func(number float64) bool { return math.IsInf(number, 0) },
		// Both look at the result, whatever their first argument is.
		"isNil": func(any) bool { return result == nil },
		"default": func(_, otherwise any) any {
			if result == nil {
				return otherwise
			}
			return result
		},
	}
}

func asInt(given any) int64 {
	value := reflect.ValueOf(given)
	switch {
	case value.IsValid() && value.Type().PkgPath() != "": // a named type, such as a duration, is no number here
	case value.CanInt():
		return value.Int()
	case value.CanUint():
		return int64(value.Uint())
	case value.CanFloat():
		return int64(value.Float())
	case value.Kind() == reflect.String:
		number, err := strconv.ParseInt(value.String(), 10, 64)
		if err != nil {
			panic(err)
		}
		return number
	}
	panic(fmt.Sprintf("asInt() not supported on %v %v", reflect.TypeOf(given), given))
}

func asFloat(given any) float64 {
	value := reflect.ValueOf(given)
	switch {
	case value.IsValid() && value.Type().PkgPath() != "":
	case value.CanInt():
		return float64(value.Int())
	case value.CanUint():
		return float64(value.Uint())
	case value.CanFloat():
		return value.Float()
	case value.Kind() == reflect.String:
		number, err := strconv.ParseFloat(value.String(), 64)
		if err != nil {
			panic(err)
		}
		return number
	}
	panic(fmt.Sprintf("asFloat() not supported on %v %v", reflect.TypeOf(given), given))
}

// ---------- values on the wire

func decoded(pair []json.RawMessage) (any, error) {
	var kind string
	if len(pair) == 0 {
		return nil, errors.New("an empty pair")
	}
	if err := json.Unmarshal(pair[0], &kind); err != nil || kind == "<nil>" {
		return nil, err
	}
	if len(pair) != 2 {
		return nil, fmt.Errorf("a pair of %s with %d parts", kind, len(pair))
	}
	switch kind {
	case "[]float64", "[]interface {}":
		return decodedList(kind, pair[1])
	case "map[string]interface {}":
		return decodedMap(pair[1])
	}
	var text string
	if err := json.Unmarshal(pair[1], &text); err != nil {
		return nil, err
	}
	switch kind {
	case "string":
		return text, nil
	case "bool":
		return strconv.ParseBool(text)
	case "float64":
		return strconv.ParseFloat(text, 64)
	}
	return nil, fmt.Errorf("no provider answers with a %s", kind)
}

func decodedList(kind string, body json.RawMessage) (any, error) {
	var pairs [][]json.RawMessage
	if err := json.Unmarshal(body, &pairs); err != nil {
		return nil, err
	}
	items, numbers := make([]any, len(pairs)), make([]float64, len(pairs))
	for place, pair := range pairs {
		item, err := decoded(pair)
		if err != nil {
			return nil, err
		}
		items[place] = item
		numbers[place], _ = item.(float64)
	}
	if kind == "[]float64" {
		return numbers, nil
	}
	return items, nil
}

func decodedMap(body json.RawMessage) (any, error) {
	var entries [][2][]json.RawMessage
	if err := json.Unmarshal(body, &entries); err != nil {
		return nil, err
	}
	found := make(map[string]any, len(entries))
	for _, entry := range entries {
		key, err := decoded(entry[0])
		if err != nil {
			return nil, err
		}
		name, isText := key.(string)
		if !isText {
			return nil, fmt.Errorf("the key %v is no string", key)
		}
		if found[name], err = decoded(entry[1]); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func encoded(value any) []any {
	if value == nil {
		return []any{"<nil>"}
	}
	kind := fmt.Sprintf("%T", value)
	switch typed := value.(type) {
	case string:
		if !utf8.ValidString(typed) {
			return []any{"invalid UTF-8", hex.EncodeToString([]byte(typed))}
		}
		return []any{kind, typed}
	case []byte:
		return []any{kind, hex.EncodeToString(typed)}
	case float64:
		return []any{kind, strconv.FormatFloat(typed, 'g', -1, 64)}
	case time.Time:
		return []any{kind, typed.Format(time.RFC3339Nano)}
	case time.Duration:
		return []any{kind, strconv.FormatInt(int64(typed), 10)}
	}
	reflected := reflect.ValueOf(value)
	switch reflected.Kind() {
	case reflect.Slice, reflect.Array:
		items := make([]any, reflected.Len())
		for place := range items {
			items[place] = encoded(reflected.Index(place).Interface())
		}
		return []any{kind, items}
	case reflect.Map:
		return []any{kind, encodedMap(reflected)}
	case reflect.Func:
		return []any{kind, ""}
	}
	return []any{kind, fmt.Sprint(value)}
}

// encodedMap sorts by the JSON of the keys, so that one map has one encoding.
func encodedMap(value reflect.Value) []any {
	names := make([]string, 0, value.Len())
	byName := make(map[string]any, value.Len())
	for entries := value.MapRange(); entries.Next(); {
		key := encoded(entries.Key().Interface())
		name, err := json.Marshal(key)
		if err != nil {
			fail(err)
		}
		names = append(names, string(name))
		byName[string(name)] = []any{key, encoded(entries.Value().Interface())}
	}
	sort.Strings(names)
	entries := make([]any, len(names))
	for place, name := range names {
		entries[place] = byName[name]
	}
	return entries
}
