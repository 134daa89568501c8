// Command migrate fills the shop's cache once and ends: the service that the
// others wait for with service_completed_successfully.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"syscall"

	"dce/examples/shop/internal/resp"
)

// schema is the version of what migrate writes.
const schema = 3

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := migrate(ctx, resp.Client{Address: os.Getenv("SHOP_CACHE")}, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "migrate:", err)
		os.Exit(1)
	}
}

func migrate(ctx context.Context, cache resp.Client, out io.Writer) error {
	products := []string{"teapot", "kettle", "cosy"}
	for i, product := range products {
		if _, err := cache.Do(ctx, "SET", "product:"+strconv.Itoa(i+1), product); err != nil {
			return fmt.Errorf("writing product %d: %w", i+1, err)
		}
	}
	// The version goes last: whoever reads it finds everything else in place.
	if _, err := cache.Do(ctx, "SET", "schema", strconv.Itoa(schema)); err != nil {
		return fmt.Errorf("writing the schema version: %w", err)
	}
	fmt.Fprintf(out, "schema %d, %d products\n", schema, len(products))
	return nil
}
