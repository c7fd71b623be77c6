module synapsor/handler

go 1.27
