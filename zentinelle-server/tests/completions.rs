//! `zentinelle completions`, and the help that every subcommand has.

mod support;

use support::Folder;

#[test]
fn every_shell_gets_a_script() {
    let folder = Folder::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = folder.run(&format!("completions {shell}"));
        assert_eq!(ran.code, 0, "{shell}");
        assert!(ran.out.contains("evaluate") && ran.out.contains("no-policy"), "{shell}");
    }
    assert_eq!(folder.run("completions cmd").code, 2);
}

#[test]
fn the_help_says_what_exit_codes_mean() {
    let folder = Folder::new();
    insta::assert_snapshot!(folder.run("--help").page());
    insta::assert_snapshot!(folder.run("evaluate -h").page());
}
