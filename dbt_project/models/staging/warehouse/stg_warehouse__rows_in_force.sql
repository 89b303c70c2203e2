{{ rows_in_force() }}
