// Clusters share the machine's bridge, tables and ports: one at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
[assembly: AssemblyFixture(typeof(Flotilla.EndToEnd.Cluster))]
