using System.Runtime.Versioning;

[assembly: AssemblyFixture(typeof(Flotilla.EndToEnd.Cluster))]
[assembly: SupportedOSPlatform("linux")]
