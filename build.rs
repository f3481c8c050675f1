//! Builds anew when a migration is added: the migrations are compiled into the program.

#[expect(clippy::print_stdout, reason = "a build script speaks to cargo on standard output")]
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
