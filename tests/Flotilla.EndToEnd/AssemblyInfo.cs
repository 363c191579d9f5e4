using System.Runtime.Versioning;

// Clusters share the machine's bridge, tables and ports: one at a time.
[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]
[assembly: AssemblyFixture(typeof(Flotilla.EndToEnd.Cluster))]
[assembly: SupportedOSPlatform("linux")]
