package engine

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/google/renameio/v2/maybe"
)

// What an engine says of itself takes it 10 to 50 ms, since it runs the programs
// below it to ask for their versions (20.10.24), and stays the same for as long as
// its process lives. So it is kept beside the leases, with the process that said
// it: the one at the other end of the socket.

// recalled is the content of such a file.
type recalled struct {
	Process string `json:"process"`
	Info    Info   `json:"info"`
}

// recall is what this process of an engine has said before.
func (e *Engine) recall(process string) (Info, bool) {
	if process == "" {
		return Info{}, false
	}
	var known recalled
	text, err := os.ReadFile(e.recallFile())
	if err != nil || json.Unmarshal(text, &known) != nil || known.Process != process {
		return Info{}, false
	}
	known.Info.APIVersion = e.api.ClientVersion()
	return known.Info, true
}

// remember keeps what an engine of this machine has said. One of another may be
// exchanged behind what listens here. Without a directory nothing is kept.
func (e *Engine) remember(process string, i Info) {
	text, err := json.Marshal(recalled{Process: process, Info: i})
	if process == "" || !i.Local || err != nil {
		return
	}
	if err := maybe.WriteFile(e.recallFile(), text, 0o600); err != nil {
		e.log.Debug("what the engine is cannot be kept", "err", err)
	}
}

func (e *Engine) recallFile() string {
	sum := sha256.Sum256([]byte(e.Host()))
	return filepath.Join(e.memory, "engine-"+hex.EncodeToString(sum[:6])+".json")
}

// process is the process that listens at the engine's socket, with its start and
// the boot; empty where that cannot be told, and where nothing is remembered.
func (e *Engine) process(ctx context.Context) string {
	if e.memory == "" {
		return ""
	}
	conn, err := e.api.Dialer()(ctx)
	if err != nil {
		return ""
	}
	defer conn.Close()
	return listener(conn)
}
