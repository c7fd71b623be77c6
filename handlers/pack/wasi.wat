;; A deterministic, powerless stand-in for wasi_snapshot_preview1.
;;
;; Language runtimes insist on WASI. Packed beside their module, this answers every call of theirs inside the component,
;; so that nothing of WASI is left to import:
;;
;;   clock                    the call's own `now`, as the SDK set it; the monotonic clock counts its readings
;;   random                   a fixed stream, the same in every call; never for secrets
;;   standard output, error   lines of the handler's log (info, warn)
;;   environment, arguments   none
;;   files, sockets           none: opening one is an error of the guest's own language
;;   exit                     trap
;;
;; `synapsor handler build` has it inside too (`runner/bundle/src/component.rs`).
;;
;; Invariant: the one import is the contract's log, which no answer of these functions depends on.
(module
  (import "env" "memory" (memory 0))
  (import "synapsor:handler/log@0.1.0" "write" (func $log (param $level i32) (param $at i32) (param $size i32)))

  (global $now_ns (mut i64) (i64.const 0))
  (global $counter_ns (mut i64) (i64.const 1000000000))
  (global $random (mut i64) (i64.const 0x2545F4914F6CDD1D))

  ;; Not WASI's: the SDK says what time the call was received.
  (func (export "synapsor_set_now") (param $ns i64) (global.set $now_ns (local.get $ns)))

  ;; Go's runtime asks for this before it allocates in `cabi_realloc`, where no import may be called. None is, here.
  (func (export "adapter_monotonic_clock_set_paused") (param i32))

  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $result i32) (result i32)
    (if (i32.eqz (local.get $clock))
      (then (i64.store (local.get $result) (global.get $now_ns)))
      (else
        (global.set $counter_ns (i64.add (global.get $counter_ns) (i64.const 1000)))
        (i64.store (local.get $result) (global.get $counter_ns))))
    (i32.const 0))
  (func (export "clock_res_get") (param i32) (param $result i32) (result i32)
    (i64.store (local.get $result) (i64.const 1000))
    (i32.const 0))

  ;; Marsaglia's xorshift; a byte of each state.
  (func (export "random_get") (param $at i32) (param $size i32) (result i32)
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $size)))
        (global.set $random (i64.xor (global.get $random) (i64.shl (global.get $random) (i64.const 13))))
        (global.set $random (i64.xor (global.get $random) (i64.shr_u (global.get $random) (i64.const 7))))
        (global.set $random (i64.xor (global.get $random) (i64.shl (global.get $random) (i64.const 17))))
        (i64.store8 (local.get $at) (global.get $random))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $size (i32.sub (local.get $size) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  ;; A line of the log for each line of the bytes; empty ones are not worth one.
  (func $write_lines (param $level i32) (param $at i32) (param $end i32)
    (local $start i32)
    (local.set $start (local.get $at))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (if (i32.eq (i32.load8_u (local.get $at)) (i32.const 10))
          (then
            (call $write_line (local.get $level) (local.get $start) (local.get $at))
            (local.set $start (i32.add (local.get $at) (i32.const 1)))))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (br $next)))
    (call $write_line (local.get $level) (local.get $start) (local.get $end)))
  (func $write_line (param $level i32) (param $start i32) (param $end i32)
    (if (i32.lt_u (local.get $start) (local.get $end))
      (then (call $log (local.get $level) (local.get $start) (i32.sub (local.get $end) (local.get $start))))))

  ;; 8 is `badf`. Level 1 is info, 2 is warn: the numbers of standard output and error.
  (func (export "fd_write") (param $fd i32) (param $vectors i32) (param $count i32) (param $result i32) (result i32)
    (local $at i32) (local $size i32) (local $written i32)
    (if (i32.gt_u (i32.sub (local.get $fd) (i32.const 1)) (i32.const 1)) (then (return (i32.const 8))))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (local.set $at (i32.load (local.get $vectors)))
        (local.set $size (i32.load offset=4 (local.get $vectors)))
        (call $write_lines (local.get $fd) (local.get $at) (i32.add (local.get $at) (local.get $size)))
        (local.set $written (i32.add (local.get $written) (local.get $size)))
        (local.set $vectors (i32.add (local.get $vectors) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $result) (local.get $written))
    (i32.const 0))

  ;; Standard streams are terminals (type 2), which libc buffers by the line and not to the end.
  (func (export "fd_fdstat_get") (param $fd i32) (param $result i32) (result i32)
    (if (i32.gt_u (local.get $fd) (i32.const 2)) (then (return (i32.const 8))))
    (i64.store (local.get $result) (i64.const 2))
    (i64.store offset=8 (local.get $result) (i64.const 0))
    (i64.store offset=16 (local.get $result) (i64.const 0))
    (i32.const 0))

  ;; Nothing else is open (8, `badf`), and nothing is found (44, `noent`).
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_fdstat_set_rights") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_read") (param i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 8))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 8))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 8))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 44))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 44))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 44))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 44))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 44))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 44))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 44))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 44))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 44))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 44))

  (func $none (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (export "args_sizes_get" (func $none))
  (export "environ_sizes_get" (func $none))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))

  (func (export "sched_yield") (result i32) (i32.const 0))
  ;; 52 is `nosys`: nobody can sleep, since nothing would wake them.
  (func (export "poll_oneoff") (param i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "proc_exit") (param i32) (unreachable)))
