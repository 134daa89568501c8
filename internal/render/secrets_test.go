package render

import "testing"

func TestWhatAVariableIsCalledTellsWhetherItIsASecret(t *testing.T) {
	for name, want := range map[string]bool{
		"PWD": false, "OLDPWD": false, "pwd": true, "DB_PWD": true, "PWD_DB": true, "OLD_PWD": true,
		"PASSWORD": true, "MYSQL_ROOT_PASSWORD": true, "PGPASSWORD": true, "API_TOKEN": true, "client.secret": true,
		"PASSWORD_FILE": false, "SECRET_PATH": false, "TOKENS": false, "HOME": false, "": false,
	} {
		if got := LooksSecret(name); got != want {
			t.Errorf("%q: got %v", name, got)
		}
	}
}
