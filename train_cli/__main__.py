from train_cli.main import main

main()
