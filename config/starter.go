// SPDX-License-Identifier: Apache-2.0

package config

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Question is one thing that `causeway init` asks.
type Question struct {
	// Key names the answer in Answers.
	Key string
	// Text is what the person reads, Default what an empty answer stands for.
	Text, Default string
	// Choices are the answers that are taken, when not any is; Many allows several, with commas.
	Choices []string
	Many    bool
	// Networks are those for which the question makes sense; empty for all. Secret answers are not echoed.
	Networks []string
	Secret   bool
}

// Answers are what a person said, by a question's Key. A missing or empty one is the default.
type Answers map[string]string

// Questions returns the questions of `causeway init`, four at most.
func Questions(schemas map[string]*Schema) []Question {
	known := slices.Sorted(maps.Keys(schemas))
	network := ""
	if slices.Contains(known, "telegram") {
		network = "telegram"
	} else if len(known) > 0 {
		network = known[0]
	}
	out := []Question{{Key: "networks", Text: "Which networks, with commas between them?", Default: network, Choices: known, Many: true}}
	if needy := needSecret(schemas, known); len(needy) > 0 {
		out = append(out, Question{Key: "secret", Secret: true, Networks: needy,
			Text: "The bot's token (leave it empty to take it from the environment at each start)?"})
	}
	root := routerSchema()
	for key, text := range map[string]string{"data_dir": "Which folder may Causeway keep its data in?", "listen": "Where shall health and metrics listen?"} {
		out = append(out, Question{Key: key, Text: text, Default: fmt.Sprint(root.Properties.Get(key).Default)})
	}
	slices.SortStableFunc(out[len(out)-2:], func(a, b Question) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// needSecret returns those of the networks that cannot do without a secret.
func needSecret(schemas map[string]*Schema, networks []string) []string {
	var out []string
	for _, network := range networks {
		if s := schemas[network]; s != nil && requiredSecret(s) != "" {
			out = append(out, network)
		}
	}
	return out
}

func requiredSecret(s *Schema) string {
	for _, key := range s.Required {
		if s.isSecret(key) {
			return key
		}
	}
	return ""
}

// CheckAnswers returns what is wrong with the answers given so far, in words for who gave them, or nil.
func CheckAnswers(answers Answers, schemas map[string]*Schema) error {
	_, err := starter(answers, schemas)
	return err
}

// WriteStarter writes a fully commented config to path, with mode 0600, and returns the next three
// commands to type, in which this program is called program. It refuses to overwrite a file and to write an answer that Load would refuse; then
// nothing is written.
func WriteStarter(path, program string, answers Answers, schemas map[string]*Schema) (next []string, err error) {
	with, err := starter(answers, schemas)
	if err != nil {
		return nil, err
	}
	if err := writeNew(path, sampleFile(schemas, with)); err != nil {
		return nil, err
	}
	return nextCommands(path, program, with, schemas), nil
}

func starter(answers Answers, schemas map[string]*Schema) (starting, error) {
	with := starting{values: map[string]string{}}
	for _, q := range Questions(schemas) {
		answer := strings.TrimSpace(answers[q.Key])
		if answer == "" {
			answer = q.Default
		}
		if err := with.take(q, answer, schemas); err != nil {
			return starting{}, err
		}
	}
	if len(with.networks) == 0 {
		return starting{}, errors.New("networks: name at least one")
	}
	return with, nil
}

func (w *starting) take(q Question, answer string, schemas map[string]*Schema) error {
	switch q.Key {
	case "networks":
		return w.takeNetworks(q, answer)
	case "secret":
		return w.takeSecret(answer, schemas)
	case "listen":
		if checkListen(answer) == nil && !isLoopback(answer) {
			return errors.New("listen: can be reached from other machines (use 127.0.0.1, or set listen_public: true in the file)")
		}
	}
	s := routerSchema().Properties.Get(q.Key)
	if sentence, _ := scalarProblem(&node{text: answer}, s); sentence != "" {
		return fmt.Errorf("%s: %s", q.Key, sentence)
	}
	if q.Key == "data_dir" {
		// The file may be moved; where its data lie must not move with it.
		abs, err := filepath.Abs(answer)
		if err != nil {
			return fmt.Errorf("data_dir: %w", err)
		}
		answer = abs
	}
	w.values[q.Key] = answer
	return nil
}

func (w *starting) takeNetworks(q Question, answer string) error {
	for _, network := range strings.FieldsFunc(answer, func(r rune) bool { return r == ',' || r == ' ' }) {
		if !slices.Contains(q.Choices, network) {
			return fmt.Errorf("networks: %s is not known (%s)", shownKey(network), didYouMean(network, q.Choices))
		}
		if !slices.Contains(w.networks, network) {
			w.networks = append(w.networks, network)
		}
	}
	return nil
}

// takeSecret checks an answer against the schema of the first network that needs a secret.
func (w *starting) takeSecret(answer string, schemas map[string]*Schema) error {
	needy := needSecret(schemas, w.networks)
	if answer == "" || len(needy) == 0 {
		return nil
	}
	key := requiredSecret(schemas[needy[0]])
	s := schemas[needy[0]].Properties.Get(key)
	if sentence, hint := scalarProblem(&node{text: answer}, s); sentence != "" {
		return fmt.Errorf("%s: %s (%s)", key, sentence, hint)
	}
	if isExampleSecret(answer) {
		return fmt.Errorf("%s: is an example from a manual, which everybody knows", key)
	}
	w.secret, w.secretOf = answer, needy[0]
	return nil
}

// writeNew writes a file that did not exist, readable by its owner alone, and syncs it.
func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, os.ErrExist) {
		return fmt.Errorf("write %s: it exists already, and is not overwritten: %w", path, os.ErrExist)
	}
	if err != nil {
		return fmt.Errorf("write config: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(fmt.Errorf("write config: %w", err), os.Remove(path))
	}
	return nil
}

func nextCommands(path, program string, with starting, schemas map[string]*Schema) []string {
	arg := " -c " + shellQuote(path)
	check := program + " check" + arg
	if with.secret == "" {
		if needy := needSecret(schemas, with.networks); len(needy) > 0 {
			check = fmt.Sprintf("export %s=…", envName(needy[0]+"_"+requiredSecret(schemas[needy[0]]))) + " && " + check
		}
	}
	next := []string{check, program + " run" + arg}
	for _, network := range with.networks {
		if requiredSecret(schemas[network]) == "" {
			next = append(next, program+" pair "+accountName(network)+arg)
		}
	}
	return append(next, program+" chat ls"+arg)
}

// shellQuote makes a path one word for a shell.
func shellQuote(path string) string {
	if strings.IndexFunc(path, func(r rune) bool {
		return !strings.ContainsRune("/._-+:@", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
	}) < 0 && path != "" {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}
