//! Compiles the screens and bundles their words in three languages; needs no library but gcc's.
fn main() {
    let config = slint_build::CompilerConfiguration::new()
        .with_style("fluent-light".into())
        // The tree of elements, for /tree and the tests, is found through it: in release too.
        .with_debug_info(true)
        .with_default_translation_context(slint_build::DefaultTranslationContext::None)
        .with_bundled_translations("lang");
    slint_build::compile_with_config("ui/app.slint", config).expect("the screens compile");
}
