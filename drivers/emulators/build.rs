//! Builds again when a page changes: the compiler does not look into embedded directories by itself.
fn main() {
    println!("cargo::rerun-if-changed=../../ui/web");
}
