//! The `migrate` binary; everything is in the library.

fn main() -> std::process::ExitCode {
    migrate::cli::main()
}
