package cli

import "dce/internal/render"

// printExplained prints the rendered pod with the rule behind each rewritten
// line, as comments: what is printed still loads.
func (a *app) printExplained(p *pod, r render.Result) error {
	out, err := r.Explain()
	if err != nil {
		return err
	}
	return a.printBytes(append(header(p), out...), nil)
}
