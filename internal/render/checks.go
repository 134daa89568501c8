package render

func checksRule(d *draft) {
	_ = d
}
