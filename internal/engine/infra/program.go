// Package infra is the infra image that dce carries in itself: a program of
// about 250 bytes that holds a pod's namespaces, as an archive that an engine
// can load. It needs no registry, no compiler and no file, and gives the same
// image on every machine. It talks to no engine.
package infra

import (
	"bytes"
	"encoding/binary"
	"fmt"
)

// instruction is one machine instruction and what an assembler calls it.
type instruction struct {
	code []byte
	asm  string
}

// Program returns the ELF executable for a GOARCH: "amd64" or "arm64".
//
// It blocks SIGINT, SIGTERM and SIGCHLD, then takes them one at a time: INT and
// TERM end it with code 0, CHLD has it reap every child that has ended, since
// in a shared pid namespace it is process 1 and inherits orphans. Blocked and
// waited for, a signal acts on process 1 too, where the kernel drops those
// without a handler (pid_namespaces(7)).
func Program(arch string) ([]byte, error) {
	machine, code, err := assembled(arch)
	if err != nil {
		return nil, err
	}
	return link(machine, code), nil
}

// The ELF e_machine numbers (elf.h).
const (
	machineAMD64 = 62
	machineARM64 = 183
)

func assembled(arch string) (uint16, []instruction, error) {
	switch arch {
	case "amd64":
		return machineAMD64, amd64(), nil
	case "arm64":
		return machineARM64, arm64(), nil
	default:
		return 0, nil, fmt.Errorf("no built-in infra program for architecture %q: set infra_image to an image that has one", arch)
	}
}

// amd64 follows the kernel's calling convention: number in rax, arguments in
// rdi, rsi, rdx, r10. Numbers are those of asm/unistd_64.h. A set of signals is
// a bit each, from signal 1 on: INT 2, TERM 15, CHLD 17 give 0x14002.
func amd64() []instruction {
	return []instruction{
		{[]byte{0x68, 0x02, 0x40, 0x01, 0x00}, "push 0x14002"},       // 00 the set, at rsp from now on
		{[]byte{0x6a, 0x0e}, "push 14"},                              // 05
		{[]byte{0x58}, "pop rax"},                                    // 07 rt_sigprocmask(
		{[]byte{0x31, 0xff}, "xor edi, edi"},                         // 08   SIG_BLOCK,
		{[]byte{0x48, 0x89, 0xe6}, "mov rsi, rsp"},                   // 0a   &set,
		{[]byte{0x31, 0xd2}, "xor edx, edx"},                         // 0d   NULL,
		{[]byte{0x6a, 0x08}, "push 8"},                               // 0f
		{[]byte{0x41, 0x5a}, "pop r10"},                              // 11   8)
		{[]byte{0x0f, 0x05}, "syscall"},                              // 13
		{[]byte{0xb8, 0x80, 0x00, 0x00, 0x00}, "wait: mov eax, 128"}, // 15 rt_sigtimedwait(
		{[]byte{0x48, 0x89, 0xe7}, "mov rdi, rsp"},                   // 1a   &set,
		{[]byte{0x31, 0xf6}, "xor esi, esi"},                         // 1d   NULL,
		{[]byte{0x31, 0xd2}, "xor edx, edx"},                         // 1f   NULL: for ever,
		{[]byte{0x6a, 0x08}, "push 8"},                               // 21
		{[]byte{0x41, 0x5a}, "pop r10"},                              // 23   8)
		{[]byte{0x0f, 0x05}, "syscall"},                              // 25
		{[]byte{0x83, 0xf8, 0x11}, "cmp eax, 17"},                    // 27 SIGCHLD?
		{[]byte{0x74, 0x0e}, "je reap"},                              // 2a
		{[]byte{0x85, 0xc0}, "test eax, eax"},                        // 2c an error: a stop and
		{[]byte{0x7e, 0xe5}, "jle wait"},                             // 2e continue gives EINTR
		{[]byte{0xb8, 0x3c, 0x00, 0x00, 0x00}, "mov eax, 60"},        // 30 INT or TERM: exit(
		{[]byte{0x31, 0xff}, "xor edi, edi"},                         // 35   0)
		{[]byte{0x0f, 0x05}, "syscall"},                              // 37
		{[]byte{0x90}, "nop"},                                        // 39
		{[]byte{0x6a, 0x3d}, "reap: push 61"},                        // 3a
		{[]byte{0x58}, "pop rax"},                                    // 3c wait4(
		{[]byte{0x48, 0x83, 0xcf, 0xff}, "or rdi, -1"},               // 3d   any child,
		{[]byte{0x31, 0xf6}, "xor esi, esi"},                         // 41   NULL,
		{[]byte{0x6a, 0x01}, "push 1"},                               // 43
		{[]byte{0x5a}, "pop rdx"},                                    // 45   WNOHANG,
		{[]byte{0x45, 0x31, 0xd2}, "xor r10d, r10d"},                 // 46   NULL)
		{[]byte{0x0f, 0x05}, "syscall"},                              // 49
		{[]byte{0x85, 0xc0}, "test eax, eax"},                        // 4b one reaped:
		{[]byte{0x7f, 0xeb}, "jg reap"},                              // 4d   perhaps more
		{[]byte{0xeb, 0xc4}, "jmp wait"},                             // 4f
	}
}

// arm64 follows the kernel's calling convention: number in x8, arguments in x0
// to x3. Numbers are those of asm-generic/unistd.h.
func arm64() []instruction {
	return []instruction{
		word(0xd2880049, "mov x9, #0x4002"),        // 00
		word(0xf2a00029, "movk x9, #0x1, lsl #16"), // 04
		word(0xf81f0fe9, "str x9, [sp, #-16]!"),    // 08 the set, at sp from now on
		word(0xd2800000, "mov x0, #0"),             // 0c rt_sigprocmask(SIG_BLOCK,
		word(0x910003e1, "mov x1, sp"),             // 10   &set,
		word(0xd2800002, "mov x2, #0"),             // 14   NULL,
		word(0xd2800103, "mov x3, #8"),             // 18   8)
		word(0xd28010e8, "mov x8, #135"),           // 1c
		word(0xd4000001, "svc #0"),                 // 20
		word(0x910003e0, "wait: mov x0, sp"),       // 24 rt_sigtimedwait(&set,
		word(0xd2800001, "mov x1, #0"),             // 28   NULL,
		word(0xd2800002, "mov x2, #0"),             // 2c   NULL: for ever,
		word(0xd2800103, "mov x3, #8"),             // 30   8)
		word(0xd2801128, "mov x8, #137"),           // 34
		word(0xd4000001, "svc #0"),                 // 38
		word(0x7100441f, "cmp w0, #17"),            // 3c SIGCHLD?
		word(0x540000c0, "b.eq reap"),              // 40
		word(0x7100001f, "cmp w0, #0"),             // 44 an error: a stop and
		word(0x54fffeed, "b.le wait"),              // 48 continue gives EINTR
		word(0xd2800000, "mov x0, #0"),             // 4c INT or TERM: exit(0)
		word(0xd2800ba8, "mov x8, #93"),            // 50
		word(0xd4000001, "svc #0"),                 // 54
		word(0x92800000, "reap: mov x0, #-1"),      // 58 wait4(any child,
		word(0xd2800001, "mov x1, #0"),             // 5c   NULL,
		word(0xd2800022, "mov x2, #1"),             // 60   WNOHANG,
		word(0xd2800003, "mov x3, #0"),             // 64   NULL)
		word(0xd2802088, "mov x8, #260"),           // 68
		word(0xd4000001, "svc #0"),                 // 6c
		word(0x7100001f, "cmp w0, #0"),             // 70 one reaped:
		word(0x54ffff2c, "b.gt reap"),              // 74   perhaps more
		word(0x17ffffeb, "b wait"),                 // 78
	}
}

func word(code uint32, asm string) instruction {
	return instruction{binary.LittleEndian.AppendUint32(nil, code), asm}
}

const (
	base       = 0x400000 // where every linker puts a program that is not relocated
	headerSize = 64
	segment    = 56
	segments   = 2
	entry      = headerSize + segments*segment
)

// link puts the header before the code: one segment that can be read and run,
// and a stack that cannot be run.
func link(machine uint16, code []instruction) []byte {
	var text []byte
	for _, i := range code {
		text = append(text, i.code...)
	}
	size := uint64(entry + len(text))
	var out bytes.Buffer
	for _, field := range []any{
		[16]byte{0x7f, 'E', 'L', 'F', 2, 1, 1}, // 64 bit, little endian, version 1
		uint16(2), machine, uint32(1),          // ET_EXEC
		uint64(base + entry), uint64(headerSize), uint64(0),
		uint32(0), uint16(headerSize), uint16(segment), uint16(segments), uint16(0), uint16(0), uint16(0),

		uint32(1), uint32(5), uint64(0), uint64(base), uint64(base), size, size, uint64(0x10000), // PT_LOAD, R+X, 64 KiB pages
		uint32(0x6474e551), uint32(6), uint64(0), uint64(0), uint64(0), uint64(0), uint64(0), uint64(16), // PT_GNU_STACK, R+W
		text,
	} {
		_ = binary.Write(&out, binary.LittleEndian, field) // into memory, of fixed-size values: cannot fail
	}
	return out.Bytes()
}
