module {{name}}

go 1.27

require synapsor/handler v0.0.0

replace synapsor/handler => ./sdk
