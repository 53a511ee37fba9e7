//! The `blocklog-explorer` binary.

fn main() -> std::process::ExitCode {
    kit::service::main::<explorer::Config, _, _>(
        "blocklog-explorer",
        |config, service| async move {
            let web = explorer::listen(&config).await?;
            explorer::run(config, web, service).await
        },
    )
}
